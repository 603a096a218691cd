-- latest_date: the latest instant that the small tables know of; the touches' is met when they are read.
-- In: contacts, opportunities, deals, spend, transactions (canonical).
SELECT max(at) AS at FROM (
    SELECT max(created_at) AS at FROM contacts
    UNION ALL SELECT max(created_at) FROM opportunities
    UNION ALL SELECT max(closed_at) FROM deals
    UNION ALL SELECT instant_end(max(last_day)) FROM spend
    UNION ALL SELECT max(transacted_at) FROM transactions
)
