"""Routes by what they are about: in each file a class whose methods answer, and `add`, which lists their addresses."""
