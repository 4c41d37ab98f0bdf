"""Made-up tickets with whole lives, for practice and for measuring: nobody in them is real."""
