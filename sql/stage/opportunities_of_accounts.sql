-- stage_opportunities where accounts are given: an opportunity needs one of them, and is out of scope with it.
-- In: stage_opportunities, accounts (canonical), later_accounts.
SELECT
    o.recorded_at, o.opportunity_id, o.account_id, o.created_at, o.closed_at, o.amount, o.currency, o.is_won, o.is_lost, o.kind,
    o.is_kind_of_type, o.unsaid_stage, o.unsaid_close, o.unsaid_amount, o.unsaid_type, o.amount_beyond, o.is_rounded, o.source_row,
    o.in_scope AND (a.account_id IS NOT NULL OR l.account_id IS NULL) AS in_scope,
    CASE WHEN o.reason IS NULL AND a.account_id IS NULL AND l.account_id IS NULL THEN 'orphan_account' ELSE o.reason END AS reason
FROM stage_opportunities o
LEFT JOIN accounts a ON o.account_id = a.account_id
LEFT JOIN later_accounts l ON o.account_id = l.account_id
