"""Shell: messages leave here, by mail, Teams, a signed webhook and Alertmanager. Links show; changes are POST elsewhere."""
