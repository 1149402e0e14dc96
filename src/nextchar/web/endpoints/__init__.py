"""What the page can ask for, one file for each part of the lesson."""
