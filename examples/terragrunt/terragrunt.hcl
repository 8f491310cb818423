terraform {
  source = "../modules/storage"

  # If the hook fails, the run ends before Terraform is called.
  before_hook "reconcile" {
    commands = ["apply"]
    execute  = ["reconcile", "plan", "--wait", "10m", "${get_terragrunt_dir()}/reconcile.yaml"]
  }
}
