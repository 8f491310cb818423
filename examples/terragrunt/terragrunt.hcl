terraform {
  source = "../modules/storage"

  # A hook that fails ends the run before Terraform is called.
  before_hook "reconcile" {
    commands = ["apply"]
    execute  = ["reconcile", "plan", "--wait", "10m", "${get_terragrunt_dir()}/reconcile.yaml"]
  }
}
