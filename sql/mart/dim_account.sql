-- dim_account: one row an account, those that only deals or transactions name included.
-- In: accounts, deals, transactions (canonical).
WITH known AS (SELECT *, CAST(account_id AS VARCHAR) AS id FROM accounts),
named AS (
    SELECT CAST(account_id AS VARCHAR) AS id FROM deals UNION SELECT CAST(account_id AS VARCHAR) FROM transactions
)
SELECT id AS account_id, name, industry, region, employees, segment, tier, is_target, owner, true AS is_known
FROM known
UNION ALL
SELECT n.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false
FROM named n LEFT ANTI JOIN known k ON n.id = k.id
ORDER BY account_id
