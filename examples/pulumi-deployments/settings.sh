#!/usr/bin/env bash
# Lets Pulumi Deployments run `pulumi up` for a customer's stack whenever a push to main changes its settings or the
# program, and `pulumi preview` for pull requests. It writes the deployment settings of the stack of every
# Pulumi.NAME.yaml in the current folder. Run it again after you add a customer.
#
#   GITHUB_REPO=acme/customers AWS_ROLE_ARN=arn:aws:iam::111122223333:role/pulumi ./settings.sh
#
# The role trusts Pulumi Cloud's OIDC provider, and the customers' roles in `aws:assumeRoles` trust the role. Pulumi
# Deployments verifies nothing and merges no reports: run `amplitude-kinesis fleet verify` elsewhere, such as in CI.
# `pulumi deployment settings edit` is experimental in Pulumi 3.259.
set -euo pipefail
: "${GITHUB_REPO:?Set it to the repository, such as acme/customers}"
: "${AWS_ROLE_ARN:?Set it to the ARN of the role that Pulumi Deployments assumes}"

shopt -s nullglob
files=(Pulumi.*.yaml)
if [ ${#files[@]} -eq 0 ]; then
  echo "There is no Pulumi.NAME.yaml in $PWD. Change to the folder of the project." >&2
  exit 2
fi
for file in "${files[@]}"; do
  stack=${file#Pulumi.}
  stack=${stack%.yaml}
  pulumi deployment settings edit --stack "$stack" \
    --github-repo "$GITHUB_REPO" --branch main \
    --path-filter "$file" --path-filter Pulumi.yaml --path-filter "*.ts" --path-filter package-lock.json \
    --push-to-deploy --preview-prs \
    --oidc-aws-role-arn "$AWS_ROLE_ARN" --oidc-aws-session-name "amplitude-$stack"
done
