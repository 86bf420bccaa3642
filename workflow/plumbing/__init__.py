"""What Snakemake and DVC need around the rules; the package `ramble` knows nothing of either."""
