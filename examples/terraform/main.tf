terraform {
  required_version = ">= 1.4"
}

# Stands in for the call that starts a job and whose response has a jobId, which Terraform keeps.
resource "terraform_data" "bind_ldap" {
  input = "26f6b565-0000-4000-8000-03f0bd975433"
}

resource "terraform_data" "expand" {
  for_each = toset(["72362d00a04d419dbd5e6d9fe5000001"])
  input    = each.key
}

output "bind_job" {
  description = "The job that bound the file system to LDAP."
  value       = terraform_data.bind_ldap.output
}

output "expand_jobs" {
  description = "The jobs that expanded file systems."
  value       = [for job in terraform_data.expand : job.output]
}

output "unrelated" {
  description = "The gate gets all outputs and takes those that its manifest declares."
  value       = "10.0.0.1"
}
