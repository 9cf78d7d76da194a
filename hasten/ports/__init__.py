"""What the services need from the world, one file a port."""
