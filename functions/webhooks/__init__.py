"""The function `webhooks`: Twilio's inbound messages and delivery statuses."""
