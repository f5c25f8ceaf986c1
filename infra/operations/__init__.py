"""What people who run the system do to it, with their own AWS credentials."""
