"""What a new worker process does until the first notification is answered, whole and bare."""
