"""What panes are made of: what they are and ask in the same way, and the parts of drawings that several share."""
