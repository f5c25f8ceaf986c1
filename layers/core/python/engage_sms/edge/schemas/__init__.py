"""The API's bodies and answers: field names as in the API's description, each model with one example."""
