"""One folder a Lambda function; each handler translates and delegates."""
