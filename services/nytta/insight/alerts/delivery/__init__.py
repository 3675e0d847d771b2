"""Shell: messages leave here, by mail, Teams, a signed webhook and Alertmanager. Links only show."""
