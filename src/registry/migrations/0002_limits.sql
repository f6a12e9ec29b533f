-- Rates per second of keys; budgets and billing anchors of accounts. Quotas in credits stand in the JSON of quotas.

ALTER TABLE accounts ADD COLUMN budget_micro INTEGER;
ALTER TABLE accounts ADD COLUMN billing_anchor_ms INTEGER;
ALTER TABLE keys ADD COLUMN rate_per_second INTEGER;
