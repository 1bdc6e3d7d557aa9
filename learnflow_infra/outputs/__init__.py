"""What a deploy leaves behind: endpoints and artifacts."""
