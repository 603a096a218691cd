-- stage_transactions where accounts are given: what an account bought is out of scope with it. Others may have bought as well.
-- In: stage_transactions, accounts (canonical), later_accounts.
SELECT
    t.* EXCLUDE (in_scope, reason),
    t.in_scope AND (a.account_id IS NOT NULL OR l.account_id IS NULL) AS in_scope,
    t.reason
FROM stage_transactions t
LEFT JOIN accounts a ON t.account_id = a.account_id
LEFT JOIN later_accounts l ON t.account_id = l.account_id
