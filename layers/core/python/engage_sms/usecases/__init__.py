"""One verb a file: (command, ports) -> result."""
