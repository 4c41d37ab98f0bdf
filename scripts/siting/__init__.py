"""A site's host: releases side by side, settings, units. Standard library only: no release is there yet."""
