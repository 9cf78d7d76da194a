"""Posts messages to people: JSON over HTTPS, and mail."""
