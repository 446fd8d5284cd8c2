"""One module a chart, in which a function that draws it is declared; and what they share."""
