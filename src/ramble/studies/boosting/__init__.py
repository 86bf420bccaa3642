"""Better networks from the paths between solutions, chosen without a look at the test set."""
