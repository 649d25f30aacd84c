"""The networks the lessons show, one module per chapter, short enough to be read on a page."""
