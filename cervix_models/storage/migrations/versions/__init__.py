"""The migrations, oldest first. One that stands in a release is never changed."""
