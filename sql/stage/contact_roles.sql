-- stage_contact_roles: one row per role row read. A role of a contact that is out of scope is so too.
-- In: source_contact_roles, contacts (canonical), later_contacts, $has_contacts, $as_of.
SELECT
    r.opportunity_id, r.contact_id, coalesce(TRY_CAST(r.is_primary AS BOOLEAN), false) AS is_primary, r.source_row,
    coalesce(instant_end(r.recorded_at) <= $as_of, true) AND (c.contact_id IS NOT NULL OR l.contact_id IS NULL) AS in_scope,
    CASE
        WHEN r.opportunity_id IS NULL OR r.contact_id IS NULL THEN 'missing_key'
        WHEN r.recorded_at IS NOT NULL AND instant_end(r.recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN r.is_primary IS NOT NULL AND TRY_CAST(r.is_primary AS BOOLEAN) IS NULL THEN 'bad_flag'
        WHEN $has_contacts AND c.contact_id IS NULL AND l.contact_id IS NULL THEN 'orphan_contact'
    END AS reason
FROM source_contact_roles r
LEFT JOIN contacts c ON r.contact_id = c.contact_id
LEFT JOIN later_contacts l ON r.contact_id = l.contact_id
