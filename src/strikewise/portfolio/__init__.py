"""The ledger, and the account as a fold over it."""
