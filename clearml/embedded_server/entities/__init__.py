"""What tasks, models, projects and queues are, and the rules that all services share."""
