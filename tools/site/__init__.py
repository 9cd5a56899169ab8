"""Make the site: pages of what the project holds, with the stored outputs of the lessons."""
