"""One module a chart: ``draw`` makes its figure from the records and the untrained nets' names."""
