"""A site's host: releases side by side, settings, units. Standard library only: it comes first."""
