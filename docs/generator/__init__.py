"""Makes the pages of the documentation that follow from the definitions, and runs the commands that the others show."""
