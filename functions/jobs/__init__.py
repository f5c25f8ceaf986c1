"""The function `jobs`: one subject of a job: buy or release a number."""
