"""The function `provisioning`: organizations, their settings and Twilio account, numbers for users."""
