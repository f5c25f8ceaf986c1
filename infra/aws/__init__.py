"""The CDK stack made from the topology."""
