// Loads the page once more, as a navigation of its own: see `pages.py`. The place in the page is kept.
location.replace(`/?again${location.hash}`);
