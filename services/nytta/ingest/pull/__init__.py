"""Systems that are asked for what happened in them: how they are asked, page by page, so that nothing is lost."""
