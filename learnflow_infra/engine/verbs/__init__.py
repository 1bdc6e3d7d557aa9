"""One module per verb of the command line; a verb imports no verb."""
