"""The lesson: its texts in English and Chinese, and the code that it shows, as data."""
