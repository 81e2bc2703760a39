# Doorkeeper with its own defaults; whoever comes is user 1, who says yes.
#
# Usage: doorkeeper.rb PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI

require 'action_controller/railtie'
require 'active_record/railtie'
require 'tmpdir'
require 'webrick'
require 'doorkeeper'

PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI = ARGV

FOLDER = Dir.mktmpdir('doorkeeper-')
at_exit { FileUtils.rm_rf(FOLDER) }
ENV['DATABASE_URL'] = "sqlite3:#{FOLDER}/db"

class Server < Rails::Application
  config.eager_load = false
  config.logger = Logger.new(nil)
  config.secret_key_base = 'tokenbus'
  config.hosts.clear
  config.action_dispatch.show_exceptions = true
  config.consider_all_requests_local = true
  config.root = __dir__
end

class ApplicationController < ActionController::Base
end

class ControlController < ActionController::Base
  def secret
    Doorkeeper::Application.first.update_columns(secret: params[:secret])
    head :ok
  end

  def revoke
    Doorkeeper::AccessToken.update_all(revoked_at: Time.now.utc)
    head :ok
  end
end

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator { Struct.new(:id).new(1) }
  skip_authorization { true }
  use_refresh_token
  default_scopes :openid
  optional_scopes :offline_access
end

Rails.application.initialize!

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :oauth_applications do |t|
    t.string :name, :uid, :secret, null: false
    t.text :redirect_uri
    t.string :scopes, null: false, default: ''
    t.boolean :confidential, null: false, default: true
    t.timestamps
  end
  create_table :oauth_access_grants do |t|
    t.references :resource_owner, null: false
    t.references :application, null: false
    t.string :token, null: false
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.datetime :created_at, null: false
    t.datetime :revoked_at
    t.string :scopes, null: false, default: ''
    t.string :code_challenge, :code_challenge_method
  end
  create_table :oauth_access_tokens do |t|
    t.references :resource_owner
    t.references :application
    t.string :token, null: false
    t.string :refresh_token
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
    t.string :previous_refresh_token, null: false, default: ''
  end
end

Rails.application.routes.draw do
  use_doorkeeper
  get 'control/secret', to: 'control#secret'
  get 'control/revoke', to: 'control#revoke'
end

Doorkeeper::Application.create!(
  name: 'tokenbus', uid: CLIENT_ID, secret: CLIENT_SECRET, redirect_uri: REDIRECT_URI,
  scopes: 'openid offline_access'
)

require 'rack/handler/webrick'
trap('TERM') { exit }
quiet = WEBrick::Log.new(File::NULL)
Rack::Handler::WEBrick.run(Rails.application, Host: '127.0.0.1', Port: PORT.to_i, Logger: quiet, AccessLog: [])
