-- causes: deal × why two runs differ about it; of several causes the first counts.
-- In: before.deals, after.deals (journeys under the model).
SELECT
    coalesce(a.deal_id, b.deal_id) AS deal_id, coalesce(a.account_id, b.account_id) AS account_id,
    CASE
        WHEN b.deal_id IS NULL THEN 'added'
        WHEN a.deal_id IS NULL THEN 'gone'
        WHEN a.close_quarter <> b.close_quarter THEN 'moved'
        WHEN a.amount <> b.amount THEN 'restated'
        WHEN a.kind <> b.kind THEN 'reclassified'
        ELSE 'credited_anew'
    END AS cause,
    b.close_quarter AS quarter_before, a.close_quarter AS quarter_after,
    b.kind AS kind_before, a.kind AS kind_after,
    b.amount AS amount_before, a.amount AS amount_after
FROM before.deals AS b
FULL JOIN after.deals AS a ON a.deal_id = b.deal_id
