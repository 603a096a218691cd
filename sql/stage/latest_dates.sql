-- latest_dates: small table, and the latest instant that it knows of; the touches' is met when they are read.
-- In: contacts, opportunities, deals, spend, transactions (canonical).
SELECT 'contacts' AS name, max(created_at) AS at FROM contacts
UNION ALL SELECT 'opportunities', max(created_at) FROM opportunities
UNION ALL SELECT 'deals', max(closed_at) FROM deals
UNION ALL SELECT 'spend', instant_end(max(last_day)) FROM spend
UNION ALL SELECT 'transactions', max(transacted_at) FROM transactions
