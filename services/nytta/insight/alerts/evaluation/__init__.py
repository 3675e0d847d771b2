"""Shell: alerts of an organisation, from what is published to messages that wait to be sent. Reads open tables only."""
