PRAGMA application_id=1129534532;

PRAGMA user_version=1;

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE structures (
	id TEXT NOT NULL,
	content_hash TEXT NOT NULL,
	formula TEXT NOT NULL,
	num_sites INTEGER NOT NULL,
	lattice_angstrom TEXT NOT NULL,
	species TEXT NOT NULL,
	frac_coords TEXT NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE nodes (
	ordinal INTEGER NOT NULL,
	id TEXT NOT NULL,
	parent TEXT,
	round INTEGER NOT NULL,
	message TEXT NOT NULL,
	intent TEXT NOT NULL,
	pivot TEXT NOT NULL,
	pivot_source TEXT NOT NULL,
	structure_id TEXT NOT NULL,
	relaxed BOOLEAN NOT NULL,
	description TEXT NOT NULL,
	space_group INTEGER NOT NULL,
	symprec_angstrom FLOAT,
	alignment FLOAT,
	chosen INTEGER NOT NULL,
	seed TEXT NOT NULL,
	strength FLOAT NOT NULL,
	models TEXT NOT NULL,
	parameters TEXT NOT NULL,
	seconds TEXT NOT NULL,
	notes TEXT NOT NULL,
	created TEXT NOT NULL, known TEXT,
	PRIMARY KEY (ordinal),
	UNIQUE (id),
	FOREIGN KEY(parent) REFERENCES nodes (id),
	FOREIGN KEY(structure_id) REFERENCES structures (id)
);

CREATE TABLE candidates (
	node_id TEXT NOT NULL,
	position INTEGER NOT NULL,
	drawn_id TEXT NOT NULL,
	relaxed_id TEXT,
	start TEXT NOT NULL,
	origin TEXT NOT NULL,
	alignment FLOAT,
	space_group INTEGER,
	symprec_angstrom FLOAT,
	energy_per_atom_ev FLOAT,
	goal_values TEXT NOT NULL,
	rank INTEGER, draw INTEGER, score FLOAT, notes TEXT,
	PRIMARY KEY (node_id, position),
	FOREIGN KEY(node_id) REFERENCES nodes (id),
	FOREIGN KEY(drawn_id) REFERENCES structures (id),
	FOREIGN KEY(relaxed_id) REFERENCES structures (id)
);

CREATE TABLE checks (
	id INTEGER NOT NULL,
	node_id TEXT NOT NULL,
	candidate INTEGER,
	structure_id TEXT NOT NULL,
	name TEXT NOT NULL,
	version INTEGER NOT NULL,
	passed BOOLEAN,
	detail TEXT NOT NULL,
	numbers TEXT NOT NULL,
	required BOOLEAN NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(node_id) REFERENCES nodes (id),
	FOREIGN KEY(structure_id) REFERENCES structures (id)
);

CREATE TABLE predictions (
	id INTEGER NOT NULL,
	node_id TEXT NOT NULL,
	candidate INTEGER,
	structure_id TEXT NOT NULL,
	quantity TEXT NOT NULL,
	model TEXT,
	value FLOAT NOT NULL,
	unit TEXT NOT NULL,
	sigma FLOAT NOT NULL,
	method TEXT NOT NULL,
	in_distribution BOOLEAN NOT NULL, low FLOAT, high FLOAT,
	PRIMARY KEY (id),
	FOREIGN KEY(node_id) REFERENCES nodes (id),
	FOREIGN KEY(structure_id) REFERENCES structures (id)
);

CREATE TABLE marks (
	node_id TEXT NOT NULL,
	name TEXT NOT NULL,
	starred BOOLEAN NOT NULL,
	note TEXT NOT NULL, is_hidden BOOLEAN DEFAULT 0 NOT NULL,
	PRIMARY KEY (node_id),
	FOREIGN KEY(node_id) REFERENCES nodes (id)
);

CREATE TABLE trajectories (
	node_id TEXT NOT NULL,
	frames BLOB NOT NULL,
	PRIMARY KEY (node_id),
	FOREIGN KEY(node_id) REFERENCES nodes (id)
);

CREATE TABLE jobs (
	ordinal INTEGER NOT NULL,
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	payload TEXT NOT NULL,
	state TEXT NOT NULL,
	title TEXT NOT NULL,
	message TEXT NOT NULL,
	created TEXT NOT NULL,
	PRIMARY KEY (ordinal),
	UNIQUE (id)
);

CREATE TABLE outlines (
	ordinal INTEGER NOT NULL,
	node_id TEXT NOT NULL,
	parent TEXT,
	formula TEXT NOT NULL,
	elements TEXT NOT NULL,
	anonymous TEXT NOT NULL,
	space_group INTEGER NOT NULL,
	band_gap_ev FLOAT,
	e_above_hull_ev FLOAT,
	alignment FLOAT,
	valid BOOLEAN NOT NULL,
	start TEXT,
	sheet TEXT NOT NULL,
	PRIMARY KEY (ordinal),
	FOREIGN KEY(ordinal) REFERENCES nodes (ordinal),
	UNIQUE (node_id)
);

CREATE VIRTUAL TABLE words USING fts5(text, content='', prefix='1 2', tokenize='unicode61 remove_diacritics 0');

CREATE TABLE operations (
	ordinal INTEGER NOT NULL,
	kind TEXT NOT NULL,
	title TEXT NOT NULL,
	nodes TEXT NOT NULL,
	"before" TEXT NOT NULL,
	"after" TEXT NOT NULL,
	is_undone BOOLEAN NOT NULL,
	is_superseded BOOLEAN NOT NULL,
	created TEXT NOT NULL,
	PRIMARY KEY (ordinal)
);

CREATE TABLE saved_searches (
	name TEXT NOT NULL,
	"query" TEXT NOT NULL,
	PRIMARY KEY (name)
);

CREATE INDEX ix_checks_committed ON checks (node_id) WHERE candidate IS NULL;

CREATE INDEX ix_checks_node ON checks (node_id, id);

CREATE INDEX ix_checks_structure ON checks (structure_id, name, version);

CREATE INDEX ix_marks_hidden ON marks (node_id) WHERE is_hidden;

CREATE INDEX ix_nodes_parent ON nodes (parent);

CREATE INDEX ix_outlines_parent ON outlines (parent, ordinal, node_id);

CREATE INDEX ix_outlines_sheet ON outlines (sheet) WHERE sheet <> '';

CREATE INDEX ix_predictions_committed ON predictions (node_id) WHERE candidate IS NULL;

CREATE INDEX ix_predictions_node ON predictions (node_id, id);

CREATE INDEX ix_predictions_structure ON predictions (structure_id, quantity, model);

CREATE INDEX ix_structures_content_hash ON structures (content_hash);

CREATE INDEX ix_structures_formula ON structures (formula);

INSERT INTO alembic_version (version_num) VALUES ('0007');
