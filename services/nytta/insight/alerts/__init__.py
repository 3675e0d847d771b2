"""Core: alerts. From observations and clicks to one alert per unit, system and matter, and to few, calm messages.

Nothing here knows a clock, a store or a person: days, the registry's facts and earlier state are arguments. Alerts hold
roles and units; who bears a role is asked of the registry when a message is addressed.
"""
