"""How the functions meet the world: `aws` makes a CDK stack of the topology, `local` runs it on this machine."""
