"""The command `ramble`: one module for each of its parts; none imports torch before it is told what to do."""
