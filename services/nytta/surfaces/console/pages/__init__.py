"""One file per page: a pure function from what was read and who looks to the page's model."""
