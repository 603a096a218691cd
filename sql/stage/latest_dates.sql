-- latest_dates: small table, and the latest instant that it knows of; the touches' is met when they are read.
-- In: contacts, opportunities, deals, spend, transactions (canonical).
SELECT 'contacts' AS name, max(created_at) AS at FROM contacts
UNION ALL SELECT 'opportunities', max(greatest(created_at, CASE WHEN is_won OR is_lost THEN closed_at END)) FROM opportunities
UNION ALL SELECT 'deals', max(closed_at) FROM deals
UNION ALL SELECT 'spend', instant_end(max(last_day)) FROM spend
UNION ALL SELECT 'transactions', max(transacted_at) FROM transactions
