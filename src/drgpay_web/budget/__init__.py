"""The budget of a year and the talks on it, changes within the year, sharing ratios, and how the fund stands."""
