# Brings up the stacks of a project one by one.
for file in Pulumi.*.yaml; do
  stack=${file#Pulumi.}
  stack=${stack%.yaml}
  pulumi stack init --no-select "$stack"
  pulumi up --yes --skip-preview --stack "$stack"
done
