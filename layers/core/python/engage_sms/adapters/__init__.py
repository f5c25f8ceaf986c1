"""The outside world: the only imports of boto3, pynamodb and twilio."""
