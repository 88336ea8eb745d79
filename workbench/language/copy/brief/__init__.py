"""What is to be written: text format, domain, language and voice."""
